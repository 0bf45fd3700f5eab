#!/usr/bin/env -S node --max-semi-space-size=4 --no-parallel-scavenge
// The API under the names that deployment tools start it by.
import { start } from './start.js'

start('barbican-wsgi-api', process.argv.slice(2))
