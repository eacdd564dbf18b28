//! Network file systems: which of them a file is on.

use std::io;
use std::path::Path;

/// The name of the file system that a file or directory is on, if other machines may share it.
#[cfg(target_os = "linux")]
pub(crate) fn network_of(place: &Path) -> io::Result<Option<&'static str>> {
    let system = rustix::fs::statfs(place)?;
    Ok(network(system.f_type as u64 & 0xFFFF_FFFF))
}

/// macOS says of each file system whether it is on this machine.
#[cfg(target_vendor = "apple")]
pub(crate) fn network_of(place: &Path) -> io::Result<Option<&'static str>> {
    let system = rustix::fs::statfs(place)?;
    let local = system.f_flags & libc::MNT_LOCAL as u32 != 0;
    Ok((!local).then_some("a network file system"))
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(crate) fn network_of(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// The name of a file system whose files may be shared with another machine, by its number in
/// `statfs`. FUSE is refused as a whole: from outside, sshfs looks like any other of its kind.
#[cfg(any(target_os = "linux", test))]
fn network(magic: u64) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x0102_1997 => "9P",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00C3_6400 => "Ceph",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x1983_0326 => "BeeGFS",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        0x786F_4256 => "a VirtualBox shared folder",
        0xBACB_ACBC => "a VMware shared folder",
        0x6573_5546 => "FUSE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xFF53_4D42), Some("SMB"));
        assert_eq!(network(0x6573_5546), Some("FUSE"));
        let local =
            [0xEF53 /* ext */, 0x0102_1994 /* tmpfs */, 0x9123_683E /* btrfs */];
        assert!(local.iter().all(|&magic| network(magic).is_none()));
    }
}
