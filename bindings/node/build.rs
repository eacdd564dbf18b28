//! Link arguments of a Node addon. On Linux they keep it loaded when the worker thread that
//! loaded it ends: the bridge's runtime thread still runs its code.

fn main() {
    napi_build::setup();
}
