/** What says with which account, state and settings AWS' tools, Terraform and cdktf work. */
const DECIDING = /^(AWS_(?!SDK_)|TF_|CDKTF_|EKS_STATE_)/;

/**
 * This process' environment without what would lead a program to an account, a state or an endpoint of the user's: with
 * `emulator.environment` added, it talks to the emulator and to nothing else.
 */
export function neutralEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !DECIDING.test(name) || name === "TF_PLUGIN_CACHE_DIR");
  return Object.fromEntries(kept);
}
