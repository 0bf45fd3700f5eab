#!/usr/bin/env -S node --max-semi-space-size=4 --no-parallel-scavenge
import { start } from './start.js'

start('gatehouse', process.argv.slice(2))
