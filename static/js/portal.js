// Filing a client: what the chosen project asks for.
(function () {
  "use strict";
  var form = document.querySelector("[data-file-form]");
  if (!form) return;
  var choice = form.querySelector("[data-project-choice]");
  function showHint() {
    var masked = false;
    form.querySelectorAll("[data-project-hint]").forEach(function (hint) {
      hint.hidden = hint.dataset.projectHint !== choice.value;
      if (!hint.hidden && hint.hasAttribute("data-masked")) masked = true;
    });
    form.querySelectorAll("[data-placeholder-masked]").forEach(function (input) {
      input.placeholder = masked ? input.dataset.placeholderMasked : "";
    });
  }
  choice.addEventListener("change", showHint);
  form.addEventListener("draft:restored", showHint);
  showHint();
})();
