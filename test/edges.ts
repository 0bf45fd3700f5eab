import { importTests } from './support/importTests.ts'

// Where the house meets the world, and mostly waits for it: the command and its settings, HTTP, TLS, and the workers.
// Whatever the command does beside a server with a cloud in it is in test/processes.
await importTests('unit/{cli,config,deployment,http,tls,worker}/**/*.test.ts')
