import { z } from 'zod'
import type { NewTransportKey } from '../../domain/transportKeys.ts'
import { text } from './text.ts'

/** POST /v1/transport_keys. Nobody looks whether it is a key, or whether there is such a plugin (contract 09). */
export const newTransportKeyBody = z.object(
  {
    plugin_name: text(255, 1).describe('Class path of the plugin that it is for.'),
    transport_key: text(65_535, 1).describe('The key; a certificate in PEM, by custom.'),
  },
  { error: 'an object is wanted' },
)

export function decodeNewTransportKey(body: z.infer<typeof newTransportKeyBody>): NewTransportKey {
  return { pluginName: body.plugin_name, transportKey: body.transport_key }
}
