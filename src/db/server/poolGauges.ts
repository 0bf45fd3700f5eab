import type { DatabaseGauge } from '../database.ts'

export interface PoolState {
  readonly open: number
  readonly busy: number
  readonly awaited: number
}

export function poolGauges(read: () => PoolState): readonly DatabaseGauge[] {
  return [
    {
      name: 'gatehouse_database_connections',
      explanation: 'Connections to the database server.',
      read: () => read().open,
    },
    {
      name: 'gatehouse_database_connections_busy',
      explanation: 'Connections to the database server that somebody works on.',
      read: () => read().busy,
    },
    {
      name: 'gatehouse_database_connections_awaited',
      explanation: 'Requests that wait for a connection to the database server.',
      read: () => read().awaited,
    },
  ]
}
