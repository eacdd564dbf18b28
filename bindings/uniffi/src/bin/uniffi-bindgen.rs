//! Generates the interface of a language from the built library; nothing has to be installed.

fn main() {
    uniffi::uniffi_bindgen_main();
}
