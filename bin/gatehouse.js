#!/usr/bin/env node
import { start } from './start.js'

start('gatehouse', process.argv.slice(2))
