/** The command, held to one core; as it is where no core is named. taskset becomes the command: same pid. */
export function onCore(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}
