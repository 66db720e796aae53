import withMagnific from 'unplugin-magnific/next'

export default withMagnific({
  reactStrictMode: true,
})
