import { passOn, startProxy, type Proxy } from "./proxy";

/** An emulator's endpoint behind a gate that can hold back one kind of call. */
export interface Gate extends Proxy {
  /**
   * Holds back the next call with these parameters, such as `{ Action: "CreateVpc" }`. Resolves when it comes, with what
   * lets it through to the emulator, which it never reaches else.
   */
  holdBack(parameters: Readonly<Record<string, string>>): Promise<() => void>;
}

/** Passes every call on to `target`, but for the one that is held back. */
export async function startGate(target: string): Promise<Gate> {
  let held: { parameters: Readonly<Record<string, string>>; arrived: (letThrough: () => void) => void } | undefined;
  const proxy = await startProxy((call) => {
    const called = new URLSearchParams(call.body.toString());
    if (held !== undefined && Object.entries(held.parameters).every(([name, value]) => called.get(name) === value)) {
      held.arrived(() => {
        passOn(target, call);
      });
      held = undefined;
      return;
    }
    passOn(target, call);
  });
  return {
    ...proxy,
    holdBack: (parameters) =>
      new Promise((arrived) => {
        held = { parameters, arrived };
      }),
  };
}
