//! The set-up that napi asks of a build.

fn main() {
    napi_build::setup();
}
