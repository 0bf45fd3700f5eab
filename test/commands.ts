import { importTests } from './support/importTests.ts'

// The command and its settings: mostly processes that are started and waited for.
await importTests('unit/{cli,config}/**/*.test.ts')
