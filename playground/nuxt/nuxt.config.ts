export default defineNuxtConfig({
  modules: ['unplugin-magnific/nuxt', '@nuxt/image'],
  magnific: { presets: { hero: { magnific: '4x' } } },
  css: ['~/assets/banner.css'],
  image: { none: {} },
  // While pages are rendered ahead, IPX finds what is in public/ and no asset.
  nitro: { prerender: { ignore: ['/image', '/_ipx'] } },
  // Nuxt 3 takes the folders of Nuxt 4 with this.
  future: { compatibilityVersion: 4 },
  compatibilityDate: '2025-07-15',
})
