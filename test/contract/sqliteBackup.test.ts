import { backupContract } from './backupContract.ts'
import { sqlitePlace } from './sqlitePlace.ts'

backupContract('SQLite', sqlitePlace, sqlitePlace)
