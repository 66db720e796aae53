/** The same PNG without the chunks of some types. */
export function dropChunks(png: Buffer, types: readonly string[]): Buffer
