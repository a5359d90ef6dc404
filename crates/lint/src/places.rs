//! Parts of names: an image's repository and tag. Pure text.

/// The name of an image without its tag, and the tag, if there is one. `host:5000/app` has none.
pub fn image_tag(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

/// The first number of a tag: 7 of `7.6.1-ubi8`.
pub fn major(tag: &str) -> Option<u32> {
    tag.trim_start_matches('v').split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_tags_or_not() {
        assert_eq!(image_tag("nginx:1.25"), ("nginx", Some("1.25")));
        assert_eq!(image_tag("localhost:5000/nginx"), ("localhost:5000/nginx", None));
        assert_eq!(image_tag("a/b:1@sha256:00"), ("a/b", Some("1")));
        assert_eq!((major("7.6.1"), major("v4"), major("latest")), (Some(7), Some(4), None));
    }
}
