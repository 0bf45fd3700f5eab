import type { Block, Page } from './block.ts'

/** All pages as one file that needs nothing else: no script, no font, no network. */
export function renderHtml(pages: readonly Page[], version: string): string {
  const contents = pages.map(({ name, title, blocks }) => {
    const entries = blocks.flatMap((it) =>
      'heading' in it && it.level === 2
        ? [`<li><a href="#${it.id}">${escaped(it.heading)}</a></li>`]
        : [],
    )
    return `<details><summary><a href="#${name}">${escaped(title)}</a></summary><ul>${entries.join('')}</ul></details>`
  })
  const sections = pages.map(
    ({ blocks }) => `<section>\n${blocks.map(block).join('\n')}\n</section>`,
  )
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatehouse ${escaped(version)}: API reference</title>
<style>
${STYLE}
</style>
</head>
<body>
<nav aria-label="Contents">
<p><strong>Gatehouse ${escaped(version)}</strong><br>API reference</p>
${contents.join('\n')}
</nav>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`
}

function block(it: Block): string {
  if ('heading' in it) {
    return `<h${it.level} id="${it.id}">${inline(it.heading)}</h${it.level}>`
  }
  if ('text' in it) return `<p>${inline(it.text)}</p>`
  if ('list' in it) return `<ul>${it.list.map((each) => `<li>${inline(each)}</li>`).join('')}</ul>`
  if ('code' in it) return `<pre tabindex="0"><code>${escaped(it.code)}</code></pre>`
  const head = it.columns.map((cell) => `<th scope="col">${inline(cell)}</th>`).join('')
  const rows = it.rows.map(
    (row) => `<tr>${row.map((cell) => `<td>${inline(cell)}</td>`).join('')}</tr>`,
  )
  // A wide table scrolls by itself, not with the page.
  return `<div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`
}

/** Links name pages; here those are places in this one. */
function inline(text: string): string {
  return escaped(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\[([^\]]+)\]\(([a-z-]+)\)/g, '<a href="#$2">$1</a>')
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

const STYLE = `:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
nav { padding: 1rem; border-bottom: 1px solid var(--line); }
nav ul { margin: 0 0 .5rem; padding-left: 1.2rem; font-size: .85rem; overflow-wrap: anywhere; }
nav summary { padding: .2rem 0; }
main { padding: 0 1rem 4rem; max-width: 60rem; }
h1 { margin-top: 3rem; border-bottom: 2px solid var(--line); }
h2 { margin-top: 2.5rem; font-size: 1.2rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
pre { padding: .75rem; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 4px; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
p code, td code { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 30rem; }
th, td { padding: .3rem .6rem; border: 1px solid var(--line); text-align: left; vertical-align: top; font-size: .9rem; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 20rem 1fr; }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border: 0; border-right: 1px solid var(--line); }
}`
