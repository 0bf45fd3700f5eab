import { importTests } from './support/importTests.ts'

// The command and its settings. Whatever it does beside a server with a cloud in it is in test/processes.
await importTests('unit/{cli,config}/**/*.test.ts')
