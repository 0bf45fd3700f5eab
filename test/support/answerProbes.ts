import { randomUUID } from 'node:crypto'
import type { Route } from '../../src/http/route.ts'
import type { Door } from './door.ts'
import type { Caller, DoorRequest } from './doorCaller.ts'
import { PROBES } from './policyProbes.ts'

const PROJECT = 'probed'
const JSON_TYPE = { 'content-type': 'application/json' }
const EVERY_ROLE = ['admin', 'creator', 'member', 'reader', 'key-manager:service-admin']

/**
 * Answers that can be had of every operation in the same way, and those of its probes: all are sent, and what
 * came back is returned by `METHOD path`.
 * @param door has several secret stores, `plain` has one
 */
export async function provokeAnswers(door: Door, plain: Door): Promise<Map<string, Set<number>>> {
  const owner = door.as({ project: PROJECT, user: 'owner', roles: EVERY_ROLE })
  const stranger = door.as({ project: PROJECT, user: 'stranger', roles: [] })
  const seen = new Map<string, Set<number>>()
  for (const route of door.routes) {
    const name = `${route.method} ${route.path}`
    const statuses = new Set<number>()
    seen.set(name, statuses)
    const probes = PROBES.filter((probe) => probe.route === name.replaceAll(/\{\w+\}/g, '{}'))
    for (const probe of probes) {
      const made = (await probe.make?.(owner)) ?? { path: route.path, body: undefined }
      if ('finish' in made) await made.finish?.(owner)
      const body = made.body ?? probe.body
      const request = {
        headers: probe.headers ?? {},
        ...(body === undefined ? {} : { body }),
      }
      const ask = async (caller: Caller, asked: DoorRequest, path = made.path): Promise<void> => {
        statuses.add((await caller.ask(route.method, path, asked)).status)
      }
      await ask(door.nobody, request)
      await ask(stranger, request)
      for (const broken of brokenRequests(route)) {
        await ask(owner, {
          ...request,
          ...broken,
          headers: { ...request.headers, ...broken.headers },
        })
      }
      if (route.path.includes('{')) await ask(owner, request, elsewhere(made.path, route.path))
      await ask(plain.as({ project: PROJECT, user: 'owner', roles: EVERY_ROLE }), request)
      await ask(owner, request)
    }
  }
  return seen
}

/** What no operation takes: another Accept, and for a body another type, too much of it, and no sense. */
function brokenRequests({ accepts, body }: Route): readonly DoorRequest[] {
  const ofAccept = accepts === 'json' ? [{ headers: { accept: 'image/png' } }] : []
  if (body === undefined) return ofAccept
  if (body === 'payload') {
    const headers = { 'content-type': 'text/plain' }
    return [
      { headers: { 'content-type': 'image/png' }, body: 'payload' },
      { headers, body: 'x'.repeat(25_001) },
      { headers, body: '' },
    ]
  }
  return [
    ...ofAccept,
    { headers: { 'content-type': 'text/plain' }, body: '{}' },
    { headers: JSON_TYPE, body: `{}${' '.repeat(25_001)}` },
    { headers: JSON_TYPE, body: '{' },
  ]
}

/** The same path about something that is not there. */
function elsewhere(path: string, template: string): string {
  const places = template.split('/')
  const index = places.findIndex((place) => place.startsWith('{'))
  return path
    .split('/')
    .map((place, at) => (at === index ? randomUUID() : place))
    .join('/')
}
