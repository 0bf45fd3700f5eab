import { CONTAINER_RULES } from './containerRules.ts'
import { ORDER_RULES } from './orderRules.ts'
import { SECRET_RULES } from './secretRules.ts'
import { SERVICE_RULES } from './serviceRules.ts'

/** Every rule that guards something, in both modes (contract 10). */
export const DEFAULT_RULES = [
  ...SECRET_RULES,
  ...CONTAINER_RULES,
  ...ORDER_RULES,
  ...SERVICE_RULES,
] as const

type DefaultRule = (typeof DEFAULT_RULES)[number]

export type RuleName = DefaultRule['name']
/** Rules about collections: what they are asked about is the caller's own project. */
export type ProjectRuleName = Extract<DefaultRule, { target: 'project' }>['name']
interface TargetsOf {
  readonly secret: 'secret' | 'secretAcl'
  readonly container: 'container' | 'containerAcl'
  readonly order: 'order'
}

/** Rules about a stored record of this kind. */
export type RecordRuleName<Kind extends keyof TargetsOf> = Extract<
  DefaultRule,
  { target: TargetsOf[Kind] }
>['name']
