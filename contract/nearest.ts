import { closest, distance } from "fastest-levenshtein";

/** The one of `names` that a misspelt word was probably meant to be; undefined when none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const written = word.toLowerCase();
  const spelled = names.map((name) => name.toLowerCase());
  const best = closest(written, spelled);
  const isNear = distance(written, best) <= Math.min(Math.max(2, word.length / 3), word.length - 1);
  return isNear ? names[spelled.indexOf(best)] : undefined;
}

/** A hint for who has written a word that is none of `names`: the one that was probably meant, or all of them. */
export function hint(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
}
