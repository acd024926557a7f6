/**
 * A step of a shared library: slipwayBuild(image: 'registry.example.com/team/app:1', context: '.', args: ['--cache-to', '…'])
 * Runs in a container that has slipway, and returns the image's digest.
 */
def call(Map options) {
  if (!options.image) {
    error 'slipwayBuild needs image: the name to push the image as'
  }
  def context = options.context ?: '.'
  // Not in the workspace: a file of the repository could have its name.
  def folder = sh(script: 'mktemp -d', returnStdout: true).trim()
  def metadata = folder + '/build.json'
  def args = ['build', '--metadata-file', metadata, '-t', options.image]
  if (options.dockerfile) {
    args += ['-f', options.dockerfile]
  }
  if (options.registrySecret) {
    args += ['--registry-secret', options.registrySecret]
  }
  args += (options.args ?: []) + ['--', context]
  try {
    sh 'slipway ' + args.collect { quote(it.toString()) }.join(' ')
    def found = sh(
      script: "sed -n 's/^ *\"containerimage\\.digest\": *\"\\(sha256:[0-9a-f]*\\)\".*/\\1/p' " + quote(metadata),
      returnStdout: true
    )
    return found.trim()
  } finally {
    sh 'rm -rf ' + quote(folder)
  }
}

/** For sh: nothing in it means anything to the shell. */
private String quote(String text) {
  return "'" + text.replace("'", "'\\''") + "'"
}
