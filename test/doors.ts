import { importTests } from './support/importTests.ts'

// The whole house through its door.
await importTests('{api,property}/**/*.test.ts')
