declare const brand: unique symbol

/** A type that looks like T and is not every T: ids, timestamps, anything a decoder vouches for. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
