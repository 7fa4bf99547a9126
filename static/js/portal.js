// Filing a client: more phones, and what the chosen project asks for.
(function () {
  "use strict";
  var form = document.querySelector("[data-file-form]");
  if (!form) return;

  var rows = Array.from(form.querySelectorAll("[data-phone-row]"));
  var more = form.querySelector("[data-phone-more]");
  function showFilled() {
    rows.forEach(function (row) {
      if (row.querySelector("input").value) row.hidden = false;
    });
    more.hidden = !rows.some(function (row) { return row.hidden; });
  }
  more.addEventListener("click", function () {
    var next = rows.find(function (row) { return row.hidden; });
    if (!next) return;
    next.hidden = false;
    next.querySelector("input").focus();
    showFilled();
  });

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
  form.addEventListener("draft:restored", function () { showFilled(); showHint(); });
  showFilled();
  showHint();
})();
