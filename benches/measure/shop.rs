//! The example's shop for measurements: its repository, made anew, and its base image.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// What the shop's Dockerfile starts from.
const BASE_IMAGE: &str = "commander-example/perl:local";

pub struct Shop {
    folder: TempDir,
}

impl Shop {
    pub fn make() -> Result<Self> {
        let shop = Self {
            folder: TempDir::new()?,
        };
        run(example("make-repository"), [shop.repository()])?;
        Ok(shop)
    }

    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// `[services.shop]`, published where the engine finds a free port.
    pub fn services(&self) -> String {
        format!(
            r#"
[services.shop]
repository = {:?}
drain = "10s"
health.path = "/health"

[services.shop.tests.unit]
argv = ["/usr/bin/perl", "/shop/test.pl"]
when = "image"

[services.shop.tests.smoke]
argv = ["/usr/bin/perl", "/shop/smoke.pl"]
when = "live"

[services.shop.environments.staging]
"#,
            self.repository()
        )
    }

    /// Tags one more commit, which no builder has in its cache.
    pub fn tag(&self, tag: &str) -> Result<()> {
        let repository = self.repository();
        std::fs::write(repository.join("build"), tag)?;
        let git = |arguments: &[&str]| {
            run(
                "git",
                [OsStr::new("-C"), repository.as_os_str()]
                    .into_iter()
                    .chain(arguments.iter().map(OsStr::new)),
            )
        };
        git(&["add", "build"])?;
        let person = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
        git(&[&person[..], &["commit", "--quiet", "--message", tag]].concat())?;
        git(&["tag", tag])?;
        Ok(())
    }
}

/// The image that the shop is built from; goes again with its value unless it was there before.
pub struct BaseImage {
    made: bool,
}

impl BaseImage {
    pub fn make() -> Result<Self> {
        let was_there = run("docker", ["image", "inspect", BASE_IMAGE]).is_ok();
        run(example("make-base-image"), [BASE_IMAGE])?;
        Ok(Self { made: !was_there })
    }
}

impl Drop for BaseImage {
    fn drop(&mut self) {
        if self.made {
            let _ = run("docker", ["image", "rm", BASE_IMAGE]);
        }
    }
}

fn example(script: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    source.join("examples/shop").join(script)
}

/// Runs a program to its end and gives back what it printed.
pub fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String> {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {}", program.display(), said.trim()).into())
}
