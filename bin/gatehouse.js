#!/usr/bin/env -S node --max-semi-space-size=8 --no-parallel-scavenge
import { start } from './start.js'

start('gatehouse', process.argv.slice(2))
