/** The same options for every host: results are bought once, whoever builds first. */
export default {
  presets: {
    logo: {
      magnific: '4x',
      optimized_for: 'art_n_illustration',
      creativity: -4,
      resemblance: 6,
    },
  },
}

/** What webpack and Rollup begin with, for the command line; Vite says it by itself. */
export const entries = ['src/main.js']
