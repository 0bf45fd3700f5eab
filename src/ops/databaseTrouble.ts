/** What may happen to the way to the database. */
export type DatabaseTrouble =
  | 'connectionLost'
  | 'writerDied'
  | 'serverUnreachable'
  | 'changeRetried'
