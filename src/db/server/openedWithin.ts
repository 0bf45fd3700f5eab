import type { ServerConnection } from './serverConnection.ts'

/** The driver's own limit ends with the login; what a session is told first has to be answered as well. */
export async function openedWithin<Connection extends ServerConnection>(
  limitMs: number,
  connection: Connection,
  open: () => Promise<void>,
): Promise<Connection> {
  const late = setTimeout(() => connection.destroy(), limitMs)
  try {
    await open()
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  } finally {
    clearTimeout(late)
  }
}
