import magnific from 'unplugin-magnific/vite'

export default { plugins: [magnific()] }
