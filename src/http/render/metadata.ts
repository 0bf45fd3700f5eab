import { z } from 'zod'

export const metadataShown = z
  .object({ metadata: z.record(z.string(), z.string()) })
  .meta({ id: 'SecretMetadata' })

export const metadatumShown = z
  .object({ key: z.string(), value: z.string() })
  .meta({ id: 'SecretMetadatum' })

export const metadataRefShown = z
  .object({ metadata_ref: z.url() })
  .meta({ id: 'SecretMetadataRef' })
