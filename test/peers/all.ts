/** Everything that needs real peers, in one process: one Keystone, one order, nothing left behind. */
import { after } from 'node:test'
import { boundStores } from './boundStores.ts'
import { callers } from './callers.ts'
import { CallersCloud } from './callersCloud.ts'
import { consumers } from './consumers.ts'
import { deletedProjects } from './deletedProjects.ts'
import { logsHoldNoSecrets } from './logsHoldNoSecrets.ts'
import { outages } from './outages.ts'
import { policyModes } from './policyModes.ts'
import { refusals } from './refusals.ts'
import { World } from './world.ts'

const world = await World.open()
// What operators carry over from Barbican without reading it; to us it is foreign and harmless.
const fromBarbican = {
  DEFAULT: { transport_url: 'fake://', use_stderr: 'false' },
  queue: { enable: 'false' },
  secretstore: { enabled_secretstore_plugins: 'store_crypto' },
  crypto: { enabled_crypto_plugins: 'simple_crypto' },
}
const legacy = await world.gatehouse('legacy', fromBarbican, world.endpointPort)
const newRules = await world.gatehouse('new-rules', {
  oslo_policy: { enforce_new_defaults: 'true' },
})
const tokens = await world.gatehouseWithTokens('tokens')
after(async () => world.close())

const cloud = new CallersCloud({ world, keystoneSide: legacy, newRules, tokenSide: tokens })
callers(cloud)
consumers(world, cloud)
policyModes(world, legacy)
boundStores(world)
refusals(world, legacy)
outages(world, legacy)
deletedProjects(world.folder)
logsHoldNoSecrets(world)
