import type { Block, Page } from './block.ts'

export function renderMarkdown(page: Page): string {
  return `${page.blocks.map(block).join('\n\n')}\n`
}

function block(it: Block): string {
  if ('heading' in it) return `${'#'.repeat(it.level)} ${it.heading}`
  if ('text' in it) return linked(it.text)
  if ('list' in it) return it.list.map((each) => `- ${linked(each)}`).join('\n')
  if ('code' in it) return `\`\`\`\n${it.code}\n\`\`\``
  return [it.columns, it.columns.map(() => '---'), ...it.rows].map(row).join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => linked(cell).replaceAll('|', '\\|')).join(' | ')} |`
}

/** Links name pages; here those are files. */
function linked(text: string): string {
  return text.replace(/\]\(([a-z-]+)\)/g, ']($1.md)')
}
