/** Where the inspector's page is, below the base of whoever serves it. */
export const inspectorPath = '__magnific/'
