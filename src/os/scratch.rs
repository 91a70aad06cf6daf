//! A directory for the length of one run.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory of our own under the one for temporary files (`$TMPDIR`, else `/tmp`), which only
/// its owner can enter. It is removed with everything in it when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    kept: bool,
}

impl Scratch {
    /// `name` must be one that nobody else has.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or is there already.
    pub fn new(name: &str) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path, kept: false })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a temporary directory cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_scratch_directory_is_private_and_goes_with_its_content_unless_it_is_kept() {
        let name = |what| format!("commander-scratch-{what}-{}", std::process::id());
        let gone = Scratch::new(&name("gone")).unwrap();
        let path = gone.path().to_owned();
        std::fs::write(path.join("file"), "text").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(Scratch::new(&name("gone")).is_err());
        drop(gone);
        assert!(!path.exists());

        let mut kept = Scratch::new(&name("kept")).unwrap();
        let path = kept.path().to_owned();
        kept.keep();
        drop(kept);
        assert!(path.exists());
        std::fs::remove_dir(path).unwrap();
    }
}
