//! New identifiers and secrets.

use crate::domain::id::Id;

/// A new id: the prefix of its kind and a UUIDv7, so that ids sort by birth.
pub fn new<T: Id>() -> T {
    T::from_digits(&uuid::Uuid::now_v7().simple().to_string())
}

/// `bytes` random bytes as lower-case hexadecimal digits, from the operating system's generator.
///
/// # Errors
///
/// When the operating system has no randomness to give.
pub fn secret(bytes: usize) -> std::io::Result<String> {
    let mut buffer = vec![0u8; bytes];
    getrandom::fill(&mut buffer).map_err(std::io::Error::other)?;
    Ok(hex::encode(buffer))
}

/// A random number from 0 up to 1. Nothing may depend on its being hard to guess.
pub fn fraction() -> f64 {
    let mut buffer = [0u8; 4];
    // Without randomness all wait alike, which is slower for all and wrong for none.
    let _ = getrandom::fill(&mut buffer);
    f64::from(u32::from_le_bytes(buffer)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use crate::domain::id::PlanId;

    #[test]
    fn new_ids_are_well_formed_and_sort_by_birth() {
        let ids: Vec<PlanId> = (0..100).map(|_| super::new()).collect();
        assert!(ids.iter().all(|id| PlanId::parse(id.as_str()).is_ok()));
        assert!(ids.is_sorted());
    }
}
