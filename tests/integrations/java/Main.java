import java.net.URI;
import java.nio.file.Files;
import org.apache.catalina.startup.Tomcat;
import org.springframework.web.context.support.StaticWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.ExceptionHandlerExceptionResolver;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/**
 * What Spring Boot does for a website: a Tomcat whose requests go to the controller. Beans are registered one by one,
 * because Debian's Spring cannot make the class of a configuration on this JDK.
 */
public class Main {
    public static void main(String[] arguments) throws Exception {
        var context = new StaticWebApplicationContext();
        for (var bean : new Class<?>[] {WeChatSignUp.class, RequestMappingHandlerMapping.class,
                RequestMappingHandlerAdapter.class, ExceptionHandlerExceptionResolver.class})
            context.registerSingleton(bean.getSimpleName(), bean);
        var tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("tomcat").toString());
        tomcat.setPort(URI.create(System.getenv("SITE_URL")).getPort());
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        var shop = tomcat.addContext("", null);
        Tomcat.addServlet(shop, "spring", new DispatcherServlet(context)).setLoadOnStartup(1);
        shop.addServletMappingDecoded("/", "spring");
        tomcat.start();
        tomcat.getServer().await();
    }
}
