import { EnvelopeFormats } from './envelopeFormat.ts'
import { EnvelopeFormat1 } from './envelopeFormat1.ts'

/**
 * What this release seals in, and what else it opens. A next format is opened by one release and sealed in by the one
 * after it, so that the two may serve side by side; then `gatehouse rotate formats` brings what is there (ADR 0059).
 */
export function formatsOfRelease(deploymentId: string): EnvelopeFormats {
  return new EnvelopeFormats(new EnvelopeFormat1(deploymentId))
}
