//! The environment of this process: its variables, and where its user keeps data. This is the one
//! place that reads them; everything else is handed what it needs.

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy;

/// All variables, sorted by name. A name that is no UTF-8 cannot be one of ours and is left out;
/// in a value, what is no UTF-8 is replaced.
pub fn variables() -> Vec<(String, String)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        })
        .collect();
    variables.sort();
    variables
}

/// The value of one variable, where it is set: what a secret reference `env:NAME` stands for.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// There is no home directory to keep data under.
#[derive(Debug, thiserror::Error)]
#[error("no home directory was found for the data: set store.data_dir in the configuration")]
pub struct NoHome;

/// Where data is kept unless `store.data_dir` says otherwise: `commander` in the data directory of
/// the XDG base directories (`$XDG_DATA_HOME`, else `~/.local/share`).
///
/// # Errors
///
/// When the user has no home directory.
pub fn default_data_dir() -> Result<PathBuf, NoHome> {
    let directories = etcetera::base_strategy::Xdg::new().map_err(|_| NoHome)?;
    Ok(directories.data_dir().join("commander"))
}

/// Where a command line remembers what it did last: `commander` in the state directory of the XDG
/// base directories (`$XDG_STATE_HOME`, else `~/.local/state`); none without a home directory.
pub fn state_dir() -> Option<PathBuf> {
    let directories = etcetera::base_strategy::Xdg::new().ok()?;
    Some(directories.state_dir()?.join("commander"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn data_is_kept_in_a_folder_of_its_own() {
        let directory = super::default_data_dir().unwrap();
        assert!(
            directory.is_absolute() && directory.ends_with("commander"),
            "{directory:?}"
        );
    }

    #[test]
    fn variables_are_sorted_by_name() {
        assert!(super::variables().is_sorted());
    }
}
