/**
 * Kills of the server, as many as the gate has time for. `npm run soak` does the rest: 500 in all, on the
 * three databases.
 */
const IN_THE_GATE: Readonly<Record<string, number>> = { SQLite: 50, MariaDB: 40, PostgreSQL: 40 }

export function roundsOf(database: string): number {
  const given = process.env['GATEHOUSE_KILL_ROUNDS']
  if (given === undefined) return IN_THE_GATE[database] ?? 1
  const rounds = Number(given)
  if (Number.isInteger(rounds) && rounds > 0) return rounds
  throw new Error(`GATEHOUSE_KILL_ROUNDS is a number of rounds for each database, not ${given}.`)
}
