// Loads modules, one after the other: node run-import.js [specifier …]
for (const specifier of process.argv.slice(2)) await import(specifier)
