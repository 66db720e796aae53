// Loads a module, or nothing: node run-import.js [specifier]
const [specifier] = process.argv.slice(2)
if (specifier) await import(specifier)
