import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../docs/documents.ts'

export interface Instruction {
  readonly name: string
  readonly text: string
}

/** The stages of a Dockerfile, each the instructions from its FROM on. */
export function stagesOf(path: string): readonly (readonly Instruction[])[] {
  const lines = readFileSync(join(ROOT, path), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const instructions = lines.map((line) => {
    const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === '') throw new Error(`${path}: ${line}`)
    return { name, text }
  })
  const stages: Instruction[][] = []
  for (const one of instructions) {
    if (one.name === 'FROM') stages.push([])
    stages.at(-1)?.push(one)
  }
  return stages
}

/** The texts of the instructions of this name, in the last stage: what runs. */
export function finalOf(path: string, name: string): readonly string[] {
  const last = stagesOf(path).at(-1) ?? []
  return last.filter((one) => one.name === name).map(({ text }) => text)
}
