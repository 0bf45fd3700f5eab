import { architecture } from './architecture.ts'
import { bundle, changeInProxy, untilShown } from './shownByProxy.ts'

architecture(
  {
    title: 'a TLS proxy in front',
    file: 'tls-proxy.cfg',
    planned: async ({ nodes, pems, outer }) => {
      const certificate = pems.write('gatehouse.pem', await bundle(outer, 'first'))
      return {
        values: {
          GATEHOUSE_CERTIFICATE: certificate,
          GATEHOUSE_NODE_1: `127.0.0.1:${nodes.node1.port}`,
          GATEHOUSE_NODE_2: `127.0.0.1:${nodes.node2.port}`,
        },
        configurationOf: () => ({ listener: { trusted_proxies: '127.0.0.1' } }),
        rotate: async (stage, commonName) => {
          await changeInProxy(stage, certificate, await bundle(outer, commonName))
          await untilShown(stage, commonName)
        },
      }
    },
  },
  () => undefined,
)
