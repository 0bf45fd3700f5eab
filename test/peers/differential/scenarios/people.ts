import type { Person } from '../exchange.ts'

/** Somebody of a project; a scenario has projects nobody else uses, so that lists hold only its own. */
export const person = (project: string, user: string, ...roles: readonly string[]): Person => ({
  project,
  user,
  roles,
})
