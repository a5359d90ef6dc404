// Loads the page's modules. Browsers break requests off when an interface of their machine comes or goes, as those of pods do: then again.
import("/ui/app.js").catch(() => setTimeout(() => location.reload(), 1000));
