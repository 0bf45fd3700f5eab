import { join } from 'node:path'
import { configurationPage } from '../../src/config/configurationPage.ts'
import { sampleFile } from '../../src/config/sampleFile.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import type { Route } from '../../src/http/route.ts'
import { renderPolicyReference, renderSamplePolicy } from '../../src/policy/policyDocs.ts'
import { allRoutes } from '../support/allRoutes.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

/** Documents that are written from the code: `npm run docs` writes them, and a test compares. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  const routes = allRoutes()
  return new Map([
    ['docs/configuration.md', configurationPage()],
    ['docs/gatehouse.conf.sample', sampleFile()],
    ['docs/policy.md', renderPolicyReference()],
    ['docs/policy.yaml.sample', renderSamplePolicy()],
    ['api-ref/openapi.json', `${JSON.stringify(openApiDocument(routes, '0.1.0'), null, 2)}\n`],
    ['api-ref/README.md', routeTable(routes)],
  ])
}

function routeTable(routes: readonly Route[]): string {
  const rows = routes.map(
    ({ method, path, summary, rules, answers }) =>
      `| \`${method} ${path}\` | ${summary} | ${rules.map((rule) => `\`${rule}\``).join(' ')} | ${answers.join(' ')} |`,
  )
  return `# API reference

Written from the route records (\`npm run docs\`); \`openapi.json\` beside it is the same as an OpenAPI 3.1
document. Besides what stands here every route can answer 401 (no valid token), 405, 500 (with a request id
for the operator) and 503 with Retry-After (the database, Keystone or the KEK store is away).

| route | what it does | policy | answers |
|---|---|---|---|
${rows.join('\n')}

\`GET /\` lists versions (300), \`GET /v1\` describes this one, \`GET /healthcheck\` is 200 \`OK\` or 503.
Errors are \`{"code", "title", "description"}\`; \`title\` is the reason phrase.
`
}
