import type { Route } from '../../src/http/route.ts'
import type { ApiReference } from './apiReference.ts'
import type { Described, Resource } from './described.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { openApiDocument } from './openApi.ts'
import { operationsOf, pagesOf } from './pages.ts'
import { RESOURCES } from './resources.ts'

/** Routes, and what is answered without one; not the hottest first, but as one reads. */
export function describedOperations(routes: readonly Route[]): readonly Described[] {
  const all: Described[] = [...routes, ...RESOURCES.flatMap(({ operations = [] }) => operations)]
  const place = ({ path, method }: Described): string => `${path} ${METHODS.indexOf(method)}`
  return all.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
}

const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE']

/** Everything below api-ref/ that is written from the code: path and content. */
export function apiRefFiles(
  routes: readonly Route[],
  version: string,
): readonly (readonly [string, string])[] {
  const document = openApiDocument(describedOperations(routes), RESOURCES, version)
  const pages = pagesOf(document, RESOURCES)
  return [
    ['api-ref/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
    ['api-ref/README.md', indexPage(document, RESOURCES)],
    ['api-ref/index.html', renderHtml(pages, version)],
    ...pages.map((page) => [`api-ref/${page.name}.md`, renderMarkdown(page)] as const),
  ]
}

function indexPage(document: ApiReference, resources: readonly Resource[]): string {
  const sections = resources.map(({ name, title }) => {
    const rows = operationsOf(document, name).map(
      ({ method, path, operation }) =>
        `| [\`${method} ${path}\`](${name}.md#${anchor(`${method} ${path}`)}) | ${operation.summary} |`,
    )
    return `## [${title}](${name}.md)\n\n| | |\n|---|---|\n${rows.join('\n')}\n`
  })
  return `# API reference

Written from the route records, their schemas and the policy (\`npm run docs\`). Every example is replayed by a
test. The same as one page for a browser, without a network: \`index.html\`; as an OpenAPI 3.1 document:
\`openapi.json\`, which a running server gives to anybody at \`/v1/openapi.json\`.

What holds for all of it, and what each status means: [Discovery, headers and errors](discovery-and-errors.md).

${sections.join('\n')}`
}

/** As the common renderers of Markdown make it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-')
}
