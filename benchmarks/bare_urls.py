from benchmarks.bare import urlpatterns as _patterns

urlpatterns = _patterns()
