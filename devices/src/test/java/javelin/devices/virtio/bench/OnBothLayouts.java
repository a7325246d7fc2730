package javelin.devices.virtio.bench;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.AfterClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Runs the tests of a class once with each {@link RingLayout}. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ClassTemplate
@ExtendWith(OnBothLayouts.Provider.class)
public @interface OnBothLayouts {
  /** Gives JUnit a round for each layout. */
  final class Provider implements ClassTemplateInvocationContextProvider {
    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
      return true;
    }

    @Override
    public Stream<ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
        ExtensionContext context) {
      return Arrays.stream(RingLayout.values()).map(Round::new);
    }
  }

  /** The tests with one layout. */
  record Round(RingLayout layout) implements ClassTemplateInvocationContext {
    @Override
    public String getDisplayName(int index) {
      return layout.toString();
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(
          (BeforeClassTemplateInvocationCallback) context -> RingLayout.current(layout),
          (AfterClassTemplateInvocationCallback) context -> RingLayout.current(RingLayout.SPLIT));
    }
  }
}
