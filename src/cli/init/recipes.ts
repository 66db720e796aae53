/** How `.magnific/` is kept: in git, in git with Git LFS, or in the CI's cache. */
export type CacheWay = 'commit' | 'lfs' | 'ci'

/** Who builds. */
export type CiHost = 'github' | 'gitlab'

// The very texts of docs/ci.md, where it says why; a test compares them.

/** Lines of `.gitattributes`. */
export const attributes: Readonly<Record<Exclude<CacheWay, 'ci'>, string>> = {
  commit: `.magnific/v1/** -text
.magnific/v1/blobs/** binary
`,
  lfs: `.magnific/v1/** -text
.magnific/v1/blobs/** filter=lfs diff=lfs merge=lfs -text
`,
}

/** Where each recipe belongs in a repository. */
export const recipePaths: Readonly<Record<CiHost, string>> = {
  github: '.github/workflows/magnific.yml',
  gitlab: '.gitlab-ci.yml',
}

/** What CI does, by who does it and how `.magnific/` is kept. */
export const recipes: Readonly<Record<CiHost, Readonly<Record<CacheWay, string>>>> = {
  github: {
    commit: `name: build
on:
  push:
    branches: [main]
  pull_request:

jobs:
  build:
    runs-on: ubuntu-latest
    env:
      # There is no key here: an image that is missing fails the build, which says how to get it.
      MAGNIFIC_ON_MISS: error
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-node@v6
        with:
          node-version: 22
          cache: npm
      - run: npm ci
      - run: npx magnific plan --check
      - run: npm run build
`,
    lfs: `name: build
on:
  push:
    branches: [main]
  pull_request:

jobs:
  build:
    runs-on: ubuntu-latest
    env:
      # There is no key here: an image that is missing fails the build, which says how to get it.
      MAGNIFIC_ON_MISS: error
    steps:
      - uses: actions/checkout@v6
        with:
          lfs: true
      - uses: actions/setup-node@v6
        with:
          node-version: 22
          cache: npm
      - run: npm ci
      - run: npx magnific plan --check
      - run: npm run build
`,
    ci: `name: build
on:
  push:
    branches: [main]
  pull_request:
  schedule:
    # GitHub deletes caches that nobody has read for 7 days, and this one was paid for.
    - cron: '17 5 * * 1,4'

# Builds that may buy come one after the other, and none is cancelled half way.
concurrency:
  group: magnific-\${{ github.ref }}
  cancel-in-progress: false

jobs:
  build:
    runs-on: ubuntu-latest
    env:
      # main cannot read the caches of branches, and would pay once more for what they had bought: so main alone buys.
      MAGNIFIC_ON_MISS: \${{ github.ref == 'refs/heads/main' && 'upscale' || 'preview' }}
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-node@v6
        with:
          node-version: 22
          cache: npm
      - name: Restore what was paid for
        id: paid
        uses: actions/cache/restore@v5
        with:
          path: .magnific
          # No cache has this name: the newest one that begins with magnific- is taken.
          key: magnific-newest
          restore-keys: magnific-
      - run: npm ci
      - name: Say that there may be previews
        if: env.MAGNIFIC_ON_MISS == 'preview'
        run: |
          note='Images that main has not bought yet are local previews in this build. They are upscaled when main is built.'
          echo "::notice title=Magnific::$note"
          echo "$note" >> "$GITHUB_STEP_SUMMARY"
      - run: npm run build
        env:
          FREEPIK_API_KEY: \${{ secrets.FREEPIK_API_KEY }}
      # Also when the build has failed: what it bought until then is paid for. Caches are never changed, so that each state
      # has a name of its own; what is saved already is not saved again.
      - name: Save what was paid for
        if: >-
          always() && hashFiles('.magnific/v1/journal/**') != '' &&
          format('magnific-{0}', hashFiles('.magnific/v1/results/**', '.magnific/v1/journal/**')) != steps.paid.outputs.cache-matched-key
        uses: actions/cache/save@v5
        with:
          path: .magnific
          key: magnific-\${{ hashFiles('.magnific/v1/results/**', '.magnific/v1/journal/**') }}
`,
  },
  gitlab: {
    commit: `build:
  image: node:22
  variables:
    # There is no key here: an image that is missing fails the build, which says how to get it.
    MAGNIFIC_ON_MISS: error
  script:
    - npm ci
    - npx magnific plan --check
    - npm run build
  artifacts:
    paths: [dist/]
`,
    lfs: `build:
  image: node:22
  variables:
    # There is no key here: an image that is missing fails the build, which says how to get it.
    MAGNIFIC_ON_MISS: error
  before_script:
    # The image has no Git LFS, so that its checkout left pointers.
    - apt-get update -qq && apt-get install -y -qq git-lfs
    - git lfs pull
  script:
    - npm ci
    - npx magnific plan --check
    - npm run build
  artifacts:
    paths: [dist/]
`,
    ci: `build:
  image: node:22
  # Builds that may buy come one after the other.
  resource_group: magnific-$CI_COMMIT_REF_SLUG
  interruptible: false
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      variables:
        MAGNIFIC_ON_MISS: upscale
        MAGNIFIC_CACHE: pull-push
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      variables:
        MAGNIFIC_ON_MISS: preview
        MAGNIFIC_CACHE: pull
  timeout: 60m
  variables:
    # Ends the build before the job is ended, so that there is time to save.
    RUNNER_SCRIPT_TIMEOUT: 50m
  cache:
    key: magnific
    paths: [.magnific/]
    policy: $MAGNIFIC_CACHE
    # Also when the build has failed: what it bought until then is paid for.
    when: always
    # Merge requests may read what a protected branch has bought.
    unprotect: true
  script:
    - npm ci
    - |
      if [ "$MAGNIFIC_ON_MISS" = preview ]; then
        echo 'Images that the default branch has not bought yet are local previews in this build.'
      fi
    - npm run build
  artifacts:
    paths: [dist/]
`,
  },
}
