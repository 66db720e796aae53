// Gives a process another version of Vite: whoever imports `vite` by name, as plugins do, gets the one that VITE_VERSION
// says, and of plugins that know one version of Vite only, the one that fits.

const names = {
  vite7: {
    vite: 'vite7',
    '@sveltejs/vite-plugin-svelte': 'plugin-svelte6',
    '@vitejs/plugin-react': 'plugin-react5',
  },
  vite6: {
    vite: 'vite6',
    '@sveltejs/vite-plugin-svelte': 'plugin-svelte6',
    '@vitejs/plugin-react': 'plugin-react5',
  },
}

const renamed = Object.entries(names[process.env.VITE_VERSION] ?? {})

/** A hook for `module.register`. */
export async function resolve(specifier, context, nextResolve) {
  const found = renamed.find(([name]) => specifier === name || specifier.startsWith(`${name}/`))
  if (!found) return nextResolve(specifier, context)
  const [name, alias] = found
  // From here, since the packages are this one's, whoever asks for them.
  const from = { ...context, parentURL: import.meta.url }
  return nextResolve(`${alias}${specifier.slice(name.length)}`, from)
}
