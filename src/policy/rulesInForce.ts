import { type CompiledRules, ruleText } from './compiledRules.ts'
import { DEFAULT_RULES } from './defaultRules.ts'
import { SHARED_RULES } from './sharedRules.ts'

/** The policy as it stands: compiled, and where each overriding rule was read. */
export interface PolicyInForce {
  readonly rules: CompiledRules
  readonly files: readonly string[]
  readonly origins: ReadonlyMap<string, string>
}

/** One line about which defaults count, and what was laid over them. */
export function policyLine({ rules, files }: PolicyInForce): string {
  const mode = rules.enforceNewDefaults ? 'new defaults' : 'legacy defaults'
  const option = `[oslo_policy] enforce_new_defaults = ${rules.enforceNewDefaults ? 'True' : 'False'}`
  return `${mode} (${option}); files: ${files.join(', ') || 'none'}`
}

/** Every rule that is asked, then the rules they are written with. */
export function rulesInForce(policy: PolicyInForce): string {
  const { rules, origins } = policy
  const lines = [policyLine(policy), '']
  for (const { name, description, operations } of DEFAULT_RULES) {
    lines.push(`${name}${from(origins, name)}`, `  ${ruleText(rules, name)}`, `  ${description}`)
    for (const { method, path } of operations) lines.push(`  ${method} ${path}`)
    lines.push('')
  }
  lines.push('The rules above are written with these:', '')
  for (const { name, description } of SHARED_RULES) {
    lines.push(
      `${name}${from(origins, name)}`,
      `  ${ruleText(rules, name)}`,
      // The description is that of the default.
      ...(origins.has(name) ? [] : [`  ${description}`]),
      '',
    )
  }
  const builtIn = new Set<string>([...DEFAULT_RULES, ...SHARED_RULES].map(({ name }) => name))
  for (const name of rules.all.keys()) {
    if (builtIn.has(name)) continue
    lines.push(`${name}${from(origins, name)}`, `  ${ruleText(rules, name)}`, '')
  }
  return lines.join('\n').trimEnd()
}

function from(origins: ReadonlyMap<string, string>, name: string): string {
  const origin = origins.get(name)
  return origin === undefined ? '' : `   [from ${origin}]`
}
